// Calls itself for ever.
package main

type node struct{ next *node }

func depth(n *node) int {
	return 1 + depth(n.next)
}

func main() {
	ring := &node{}
	ring.next = ring
	println(depth(ring))
}
