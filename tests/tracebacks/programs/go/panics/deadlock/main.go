// Waits for what nobody sends.
package main

func receive(orders chan int) int {
	return <-orders
}

func main() {
	orders := make(chan int)
	println(receive(orders))
}
