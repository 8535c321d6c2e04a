package flows

// queue is first in, first out. The zero value is empty.
type queue[T any] struct {
	list []T
	at   int // of the first
}

func (q *queue[T]) push(v T) { q.list = append(q.list, v) }

func (q *queue[T]) empty() bool { return q.at == len(q.list) }

func (q *queue[T]) pop() T {
	v := q.list[q.at]
	if q.at++; q.at == len(q.list) {
		q.list, q.at = q.list[:0], 0
	}
	return v
}
