package com.acme;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class CartTest {
    @Test
    public void adds() {
        Cart cart = new Cart();
        cart.add("3");
        assertEquals("the total", 4, cart.total());
    }

    @Test
    public void isEmpty() {
        check(new Cart());
    }

    @Test
    public void readsPrices() {
        try {
            new Cart().add("x");
        } catch (NumberFormatException error) {
            throw new IllegalStateException("bad price", error);
        }
    }

    private void check(Cart cart) {
        assertEquals(0, cart.dearest());
    }
}
