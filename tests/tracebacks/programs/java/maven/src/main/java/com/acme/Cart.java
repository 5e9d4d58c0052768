package com.acme;

import java.util.ArrayList;
import java.util.List;

public class Cart {
    private final List<Integer> cents = new ArrayList<>();

    public void add(String price) {
        cents.add(Integer.parseInt(price));
    }

    public int total() {
        return cents.stream().mapToInt(Integer::intValue).sum();
    }

    public int dearest() {
        return cents.get(0);
    }
}
