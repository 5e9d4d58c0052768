package com.acme;

import java.io.IOException;
import java.util.List;

/** Fails in the way that its argument names. */
public class Shop {
    static final class OutOfStock extends RuntimeException {
        OutOfStock(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static final class Till implements AutoCloseable {
        @Override
        public void close() throws IOException {
            throw new IOException("till is stuck");
        }
    }

    static class Prices {
        static final int FIRST = Integer.parseInt("cheap");
    }

    static int depth(int level) {
        return depth(level + 1) + 1;
    }

    static int total(List<String> prices) {
        return prices.stream().mapToInt(price -> Integer.parseInt(price)).sum();
    }

    static void read(String path) {
        try {
            java.nio.file.Files.readString(java.nio.file.Path.of(path));
        } catch (IOException error) {
            throw new IllegalStateException("no price list", error);
        }
    }

    static void open() {
        try {
            read("/srv/shop/prices.txt");
        } catch (IllegalStateException error) {
            throw new OutOfStock("closed\ncome back tomorrow\n\n  or on Monday", error);
        }
    }

    static void sell() throws IOException {
        try (Till till = new Till()) {
            read("/srv/shop/prices.txt");
        }
    }

    static void circle() {
        RuntimeException first = new RuntimeException("first");
        RuntimeException second = new RuntimeException("second", first);
        first.initCause(second);
        throw second;
    }

    static void later() throws InterruptedException {
        Thread worker = new Thread(() -> total(List.of("7", "x")), "till-1");
        worker.start();
        worker.join();
    }

    static void twice() {
        try {
            open();
        } catch (RuntimeException error) {
            error.printStackTrace();
        }
        Object nothing = null;
        nothing.toString();
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "lambda" -> total(List.of("7", "x"));
            case "causes" -> open();
            case "suppressed" -> sell();
            case "circle" -> circle();
            case "static" -> System.out.println(Prices.FIRST);
            case "stack" -> depth(0);
            case "memory" -> System.out.println(new long[Integer.MAX_VALUE].length);
            case "thread" -> later();
            case "twice" -> twice();
            case "dump" -> Thread.dumpStack();
            case "assert" -> { assert arguments.length == 2 : "two arguments"; }
            case "reflect" -> Shop.class.getDeclaredMethod("open").invoke(null);
            default -> throw new IllegalArgumentException();
        }
    }
}
