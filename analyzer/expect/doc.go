// Package expect reads files of expectations, and judges captures by them.
//
// A file is YAML: captures, named by globs; of each, flows that are chosen; and of these, what is expected: how many,
// how they opened and closed, the states of either end, what may be found of them, and anything that package metric can
// say. What is wrong with a file is told with its line and column, and a word that is not known is never passed over:
// an expectation that cannot be judged must not look like one that is met.
package expect
