"""Java's stack frames, `at com.acme.Shop.total(Shop.java:12)`, as every JVM language and Android prints them."""

import re
from functools import lru_cache

from termcoder.tracebacks.report import Frame

_FRAME = re.compile(
    r"""\s*at\ (?:[^\s/$()]*/){0,3}         # app//, java.base/, platform/java.sql@17/
    (?P<function>[^\s()/][^()]*?)           # Kotlin's test names have blanks in them
    (?P<space>\ )?                          # only Maven prints one
    \((?:[^\s/()]+/)?(?P<place>[^()/]*)\)(?!\w|\ in\ )(?P<jar>[^\n]*)""",
    re.VERBOSE,
)
_SOURCE = re.compile(
    r"(?P<file>[^:]*?\.(?:java|kts?|scala|sc|groovy|gradle|cljc?|jsp|jspx|rb|py|js|xtend|ceylon|aj|gosu)|SourceFile"
    r"|[\w$.-]+(?=:)|(?=:\d))(?::(?P<line>-?\d{1,9}))?"
)
_KOTLIN_NATIVE = re.compile(
    r"at \d+\s+\S+\s+(?:0x)?[0-9a-f]{4,}\s+(?P<kotlin>kfun:)?(?P<function>[^\s({]+)[^()]*(?:\([^()]*\)[^()]*?)*?"
    r"(?:\((?P<file>[^():]+):(?P<line>\d{1,9}):(?P<column>\d{1,9})\))?$"
)
_MAVENS = re.compile(r"\.(?:java|kt|groovy|scala)(?::\d+)?$|^Native Method$|^Unknown Source$")
_NO_SOURCE = re.compile(
    r"Native Method|Unknown Source(?::\d+)?|<generated>|Proguard|<unknown>|<Unknown>|null(?::-?\d+)?"
)
_GENERATED = ("$$Lambda", "$$EnhancerBy", "$$FastClassBy", "$$SpringCGLIB$$", "$$KeyFactoryBy", "$HibernateProxy$")
_PLAINLY_OWN = frozenset(("sample", "samples", "example", "examples", "demo", "demos"))
_CLASSES = re.compile(r"~?\[(?:test-)?(?:classes|main|test|production)!?/")

_ONE = """java javax javafx jakarta jdk sun sunw kotlin kotlinx scala groovy groovyjarjarantlr groovyjarjarantlr4
    clojure junit reactor rx okhttp3 okio retrofit2 android androidx dalvik libcore akka graphql feign
    lombok javassist antlr jline picocli freemarker ognl cucumber gherkin weblogic worker springfox liquibase oracle
    coil dagger butterknife timber _COROUTINE cpw jrockit zio cats kafka nonapi zipkin2 brave"""
_TWO = """com.sun com.google com.fasterxml com.zaxxer com.mysql com.mongodb com.amazonaws com.netflix com.squareup
    com.intellij com.android com.datastax com.hazelcast com.lmax com.typesafe com.codahale com.jayway com.nimbusds
    com.opencsv com.rabbitmq com.oracle com.vaadin com.bumptech com.facebook com.mojang com.microsoft com.azure
    com.ctc com.thoughtworks com.jcraft com.ibm com.atomikos com.p6spy com.alibaba com.baomidou com.esotericsoftware
    com.querydsl com.graphql com.mchange com.itextpdf com.beust com.puppycrawl com.h2database com.couchbase
    com.apollographql com.datadog com.newrelic com.diffplug com.gradle com.unboundid com.networknt com.samskivert
    ch.qos io.netty io.grpc io.vertx io.micrometer io.micronaut io.quarkus io.reactivex io.undertow io.ktor io.kotest
    io.mockk io.smallrye io.lettuce io.jsonwebtoken io.swagger io.projectreactor io.dropwizard io.prometheus
    io.opentelemetry io.helidon io.r2dbc io.cucumber io.restassured io.confluent io.kubernetes io.realm io.sentry
    io.flutter io.fabric8 io.minio io.jaegertracing io.opentracing io.debezium io.perfmark io.ebean io.javalin
    io.agroal io.temporal
    org.springframework org.hibernate org.apache org.eclipse org.junit org.gradle org.slf4j org.jboss org.mockito
    org.opentest4j org.hamcrest org.assertj org.testng org.postgresql org.h2 org.mariadb org.sqlite org.hsqldb
    org.codehaus org.jetbrains org.glassfish org.thymeleaf org.yaml org.json org.jooq org.flywaydb org.aspectj
    org.bouncycastle org.xerial org.joda org.objectweb org.scalatest org.scala org.spockframework org.elasticsearch
    org.opensearch org.quartz org.wildfly org.infinispan org.keycloak org.mapstruct org.modelmapper org.osgi org.omg
    org.w3c org.xml org.ietf org.jline org.koin org.robolectric org.redisson org.neo4j org.reactivestreams org.graalvm
    org.openjdk org.openqa org.jsoup org.fusesource org.mozilla org.jruby org.python org.bukkit org.spigotmc
    org.xnio org.mybatis org.dom4j org.jdom org.jdom2 org.ehcache org.webjars org.javassist org.antlr org.hotswap
    org.powermock org.easymock org.jmock org.dbunit org.testcontainers org.liquibase org.jdbi org.skyscreamer
    org.specs2 org.sonatype org.conscrypt org.ow2 org.drools org.kie org.activiti org.camunda org.grails org.groovy
    org.clojure org.chromium org.xmlpull org.threeten org.greenrobot org.jacoco org.openxmlformats org.kohsuke
    net.bytebuddy net.sf net.minecraft net.minecraftforge net.fabricmc net.neoforged net.sourceforge net.ttddyy
    net.jodah net.jpountz net.logstash net.jcip net.minidev net.md_5 redis.clients de.flapdoodle
    javafx.application"""
_THREE = "com.github.benmanes com.github.dockerjava io.github.resilience4j io.github.classgraph com.github.tomakehurst"
_LIBRARIES = frozenset(f"{_ONE} {_TWO} {_THREE}".split())


def read_frame(text: str, at: int) -> Frame | None:
    """The frame that a line is, if it is one."""
    parts = _read(text)
    if parts is None:
        return None
    file, line, function, own, path = parts
    return Frame(file, line, function, own, None, "", at, path)


def read_native_frame(text: str, at: int) -> Frame | None:
    """A frame of Kotlin/Native: `at 1   till.kexe   0x104e9   kfun:com.acme#main(){} + 120 (/app/Main.kt:12:5)`."""
    match = _KOTLIN_NATIVE.match(text.rstrip())
    if match is None:
        return None
    line, column = (int(match["line"]), int(match["column"])) if match["file"] else (None, None)
    own = match["kotlin"] is not None and not is_library_name(match["function"])
    return Frame(match["file"], line, match["function"], own, column, "", at)


def is_library_name(name: str) -> bool:
    """Whether a qualified name belongs to Java itself or to a well-known library."""
    parts = name.split(".", 4)
    if not _PLAINLY_OWN.isdisjoint(parts[2:4]):
        return False
    return parts[0] in _LIBRARIES or ".".join(parts[:2]) in _LIBRARIES or ".".join(parts[:3]) in _LIBRARIES


@lru_cache(maxsize=8192)
def _read(text: str) -> tuple[str | None, int | None, str, bool, str] | None:
    match = _FRAME.match(text)
    if match is None:
        return None
    function = match["function"]
    place = _place(match["place"])
    if place is None or "." not in function or (match["space"] and not _MAVENS.search(match["place"])):
        return None
    file, line = place
    own = bool(_CLASSES.search(match["jar"])) or not is_library_name(function)
    return file, line, function, own and not _is_generated(function), _path(file, function)


def _place(place: str) -> tuple[str | None, int | None] | None:
    if _NO_SOURCE.fullmatch(place):
        return None, None
    match = _SOURCE.fullmatch(place)
    if match is None:
        return None
    number = int(match["line"]) if match["line"] else -1
    return match["file"] or None, number if number > 0 else None


def _is_generated(function: str) -> bool:
    return ("$$" in function and any(mark in function for mark in _GENERATED)) or function.startswith("$Proxy")


def _path(file: str | None, function: str) -> str:
    """`com/acme/Shop.java`: where Java wants the file of a class to be."""
    package = function.rsplit(".", 2)
    if file is None or file == "SourceFile" or len(package) < 3:
        return ""
    return f"{package[0].replace('.', '/')}/{file}"
