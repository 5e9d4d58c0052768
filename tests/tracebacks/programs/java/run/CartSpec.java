package com.acme;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class CartSpec {
    @Test
    void adds() {
        Cart cart = new Cart();
        cart.add("3");
        assertEquals(4, cart.total(), "the total");
    }

    @Test
    void refuses() {
        assertThrows(IOException.class, () -> new Cart().add("x"));
    }

    @Test
    void startsEmpty() {
        assertAll(() -> assertEquals(1, new Cart().total()), () -> assertEquals(2, new Cart().total()));
    }
}
