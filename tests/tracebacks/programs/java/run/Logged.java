package com.acme;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs what goes wrong, and goes on. */
public class Logged {
    private static final Logger LOG = LoggerFactory.getLogger(Logged.class);

    static void load(String name) throws IOException {
        throw new IOException("no route to " + name);
    }

    static void refresh(String name) {
        try {
            load(name);
        } catch (IOException error) {
            throw new IllegalStateException("refresh failed", error);
        }
    }

    public static void main(String[] arguments) {
        LOG.info("started, 0 errors");
        try {
            refresh("till");
        } catch (IllegalStateException error) {
            LOG.warn("trying again: {}", error.getMessage(), error);
        }
        try {
            refresh("store");
        } catch (IllegalStateException error) {
            LOG.error("giving up", error);
        }
        LOG.info("done");
    }
}
