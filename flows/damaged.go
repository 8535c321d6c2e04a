package flows

// damaged takes a segment with a wrong checksum. No host takes it and it proves nothing; Zeek has a letter for
// it, where the IP header is sound. One that comes before its flow leaves no trace.
func (t *Tracker) damaged(head ref, k *tuple) {
	t.step.Quiet = QuietDamaged
	if head == 0 || t.seg.Damage != DamagedTCP {
		return
	}
	t.rec = t.holder(head, k)
	r := t.ptr(t.rec)
	t.step.Flow, t.step.Side = r.number, r.side(k.from)
	r.zeek.update(t.seg, k.from, 0, 0, 0, true, &t.mores)
}
