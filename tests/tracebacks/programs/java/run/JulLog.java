package com.acme;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Logs with what Java brings itself. */
public class JulLog {
    public static void main(String[] arguments) {
        Logger log = Logger.getLogger("com.acme.till");
        try {
            Integer.parseInt("many");
        } catch (NumberFormatException error) {
            log.log(Level.SEVERE, "no number", error);
        }
        try {
            Object[] items = new String[1];
            items[0] = 7;
        } catch (ArrayStoreException error) {
            log.log(Level.WARNING, "using none", error);
        }
    }
}
