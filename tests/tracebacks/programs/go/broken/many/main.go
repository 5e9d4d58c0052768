package main

func main() {
	price0()
	price1()
	price2()
	price3()
	price4()
	price5()
	price6()
	price7()
	price8()
	price9()
	price10()
	price11()
	price12()
	price13()
}
