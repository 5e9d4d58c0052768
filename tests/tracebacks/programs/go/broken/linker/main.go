package main

func hidden() int

func main() { println(hidden()) }
