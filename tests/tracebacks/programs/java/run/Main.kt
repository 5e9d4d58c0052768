package com.acme

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

class Shop(private val prices: Map<String, Int>) {
    lateinit var owner: String

    fun price(name: String): Int = prices[name] ?: throw NoSuchElementException("no price for $name")

    fun total(names: List<String>): Int = names.sumOf { name -> price(name) }

    companion object {
        fun open(): Shop = Shop(mapOf("tea" to "3 euro".toInt()))
    }
}

suspend fun fetch(name: String): Int = withContext(Dispatchers.Default) {
    delay(1)
    Shop(emptyMap()).price(name)
}

fun main(arguments: Array<String>) {
    val shop = Shop(mapOf("tea" to 3))
    when (arguments[0]) {
        "total" -> println(shop.total(listOf("tea", "coffee")))
        "companion" -> Shop.open()
        "lateinit" -> println(shop.owner.length)
        "todo" -> TODO("sell tea")
        "null" -> println((System.getProperty("shop.name") as String?)!!.length)
        "cast" -> println(shop as Any as String)
        "check" -> check(shop.price("tea") == 4) { "tea costs ${shop.price("tea")}" }
        "coroutine" -> runBlocking { fetch("cake") }
        "launch" -> runBlocking { launch(Dispatchers.Default) { shop.price("cake") } }
    }
}
