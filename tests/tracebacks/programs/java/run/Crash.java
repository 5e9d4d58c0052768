package com.acme;

/** Crashes the JVM. */
public class Crash {
    static void poke() throws Exception {
        java.lang.reflect.Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        ((sun.misc.Unsafe) field.get(null)).putAddress(0, 1);
    }

    public static void main(String[] arguments) throws Exception {
        poke();
    }
}
