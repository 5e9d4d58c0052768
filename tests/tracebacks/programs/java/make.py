"""Makes the logs of the Java and Kotlin fixtures again, by running the programs beside this file.

Needs Debian's openjdk-17-jdk-headless, maven, maven-debian-helper, libmaven-compiler-plugin-java,
libmaven-resources-plugin-java, libsurefire-java, gradle, ant, junit4, junit5, liblogback-java, and npm's
kotlin-compiler (2.4.20), whose folder is the only argument:

    npm install --prefix /tmp/kotlin kotlin-compiler@2.4.20
    python make.py /tmp/kotlin/node_modules/kotlin-compiler

The JSON files beside the logs are written by hand: they say what the programs did. So are the logs of what can't be
run here: Android, Spring Boot, Dropwizard, Eclipse's compiler, Scala, thread dumps, newer Gradles and Surefires.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent.parent / "fixtures"
WORK = Path("/srv/till")
JARS = "/usr/share/java"
MAVEN = "mvn -o -B -s /etc/maven/settings-debian.xml -Dmaven.repo.local=/usr/share/maven-repo"
LOGGING = f"classes:{JARS}/logback-classic.jar:{JARS}/logback-core.jar:{JARS}/slf4j-api.jar:run"
JUNIT = f"{JARS}/junit4.jar:{JARS}/hamcrest-core.jar"
CONSOLE = f"{JARS}/junit-platform-console-standalone.jar"
LETTER = (
    "Hello, since this morning the till does not start. This is what I see:\n\n```\n$ java -jar till.jar\n",
    "```\n\nDid anyone change the prices? There was no error before.\n",
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def run(command: str, folder: str = ".") -> str:
    """What a command prints, without the colours that Maven leaves at the end."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(WORK), "LANG": "C.UTF-8", "TERM": "dumb"}
    done = subprocess.run(
        command, shell=True, cwd=WORK / folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    return ANSI.sub("", done.stdout)


def save(name: str, text: str) -> None:
    """Write one log as a fixture; the programs' folder is called /app there."""
    text = re.sub(r"pid=\d+, tid=\d+", "pid=7, tid=8", text.replace(str(WORK), "/app"))
    text = re.sub(r"https://repo[\w.]+/", "https://repo.example/", text)
    text = re.sub(r"hs_err_pid\d+", "hs_err_pid7", text)
    text = "\n".join(line for line in text.split("\n") if not line.startswith("Host: "))
    (FIXTURES / f"{name}.txt").write_text(text)


def cut(text: str, first: str, last: str = "") -> str:
    """The lines of a long log from the one with `first` to the one before that with `last`."""
    text = text[text.index(first) :]
    return text[: text.index(last)] if last else text


def programs() -> None:
    """What running programs print."""
    run("javac -d classes run/Shop.java run/JulLog.java run/Crash.java")
    run(f"javac -cp {LOGGING} -d classes run/Logged.java")
    for case in ("lambda", "causes", "suppressed", "circle", "static", "memory", "thread", "twice", "dump", "reflect"):
        save(f"java/{case}", run(f"java -cp classes com.acme.Shop {case}"))
    save("java/assert", run("java -ea -cp classes com.acme.Shop assert"))
    save("java/stack_overflow", run("java -XX:MaxJavaStackTraceDepth=30 -cp classes com.acme.Shop stack"))
    save("java/jul", run("java -cp classes com.acme.JulLog"))
    save("java/logback", run(f"java -cp {LOGGING} com.acme.Logged"))
    save("java/logback_root_first", run(f"java -Dtrace=rEx -cp {LOGGING} com.acme.Logged"))
    save("java/no_main_class", run("java -cp classes com.acme.Closed"))
    save("java/jvm_option", run("java -Xopen -version"))
    crash = run("java -cp classes com.acme.Crash")
    save("java/crash", crash)
    report = next(WORK.glob("hs_err_pid*.log")).read_text()
    save("java/crash_report", cut(report, "#", "siginfo:"))


def builds() -> None:
    """What compilers and build tools print."""
    save("java/javac", run("javac -Xlint -d classes build/Till.java"))
    save("java/javac_syntax", run("javac -d classes build/Basket.java"))
    save("java/javac_no_file", run("javac -d classes build/Closed.java"))
    save("java/surefire", run(f"{MAVEN} test", "maven"))
    save("java/maven_no_phase", run(f"{MAVEN} open", "maven"))
    pom = (WORK / "maven/pom.xml").read_text()
    (WORK / "maven/other.xml").write_text(pom.replace("4.x", "9.9"))
    save("java/maven_dependency", run(f"{MAVEN} -f other.xml test", "maven"))
    (WORK / "maven/other.xml").write_text(pom.replace("      <version>4.x</version>\n", ""))
    save("java/maven_pom", run(f"{MAVEN} -f other.xml test", "maven"))
    (WORK / "maven/other.xml").write_text(pom.replace("</scope>", "<scope>"))
    save("java/maven_pom_xml", run(f"{MAVEN} -f other.xml test", "maven"))
    shutil.copy(WORK / "build/Till.java", WORK / "maven/src/main/java/com/acme")
    save("java/maven", run(f"{MAVEN} compile", "maven"))
    save("java/maven_e", run(f"{MAVEN} -q -e compile", "maven"))


def gradle_and_ant() -> None:
    """What Gradle and Ant print."""
    gradle = "gradle --offline --console=plain"
    save("java/gradle_test", cut(run(f"{gradle} test", "gradle"), ":compileJava"))
    save("java/gradle_test_full", cut(run(f"{gradle} -Ptraces=full test", "gradle"), ":compileJava"))
    save("java/gradle_script", cut(run(f"{gradle} -Pbroken test", "gradle"), "FAILURE"))
    save("java/gradle_dependency", cut(run(f"{gradle} -Pmissing compileJava", "gradle"), ":compileJava"))
    shutil.copy(WORK / "build/Till.java", WORK / "gradle/src/main/java/com/acme")
    save("java/gradle_javac", cut(run(f"{gradle} compileJava", "gradle"), ":compileJava"))
    save("java/ant_run", run("ant run", "ant"))
    save("java/ant_missing", run("ant missing", "ant"))
    shutil.copy(WORK / "build/Till.java", WORK / "ant/src")
    save("java/ant_javac", run("ant compile", "ant"))


def tests() -> None:
    """What JUnit prints without a build tool."""
    sources = "maven/src/main/java/com/acme/Cart.java maven/src/test/java/com/acme/CartTest.java"
    run(f"javac -d tests -cp {JUNIT} {sources}")
    save("java/junit4", run(f"java -cp tests:{JUNIT} org.junit.runner.JUnitCore com.acme.CartTest"))
    run(f"javac -d tests -cp tests:{CONSOLE} run/CartSpec.java")
    options = "--disable-banner --disable-ansi-colors --details-theme=ascii"
    save("java/junit_console", run(f"java -jar {CONSOLE} -cp tests -c com.acme.CartSpec {options}"))


def kotlin(home: Path) -> None:
    """What Kotlin prints."""
    compiler, coroutines = f"{home}/bin/kotlinc", f"{home}/lib/kotlinx-coroutines-core-jvm.jar"
    run(f"chmod +x {compiler}")
    save("kotlin/kotlinc", run(f"{compiler} build/Main.kt -d classes"))
    run(f"{compiler} run/Main.kt -cp {coroutines} -d classes")
    command = f"java -cp classes:{home}/lib/kotlin-stdlib.jar:{coroutines} com.acme.MainKt"
    for case in ("total", "companion", "lateinit", "todo", "null", "cast", "check", "coroutine", "launch"):
        save(f"kotlin/{case}", run(f"{command} {case}"))
    save("kotlin/coroutine_boundary", run(f"{command.replace('java', 'java -ea', 1)} coroutine"))


def load(name: str) -> list[str]:
    """A log that was made before, as lines with their ends."""
    return (FIXTURES / f"{name}.txt").read_text().splitlines(keepends=True)


def each(lines: list[str], before: str, after: str = "") -> str:
    """The lines with something around each."""
    return "".join(f"{before}{line.rstrip()}{after}\n" for line in lines)


def variants() -> None:
    """The same logs as people paste them."""
    log, causes, streams = load("java/static"), load("java/causes"), load("java/lambda")
    ticks = [f"till-1   | {line}" + "store-1  | tick\n" * (at in (2, 5)) for at, line in enumerate(log)]
    save("java/compose", "".join(["till-1   | 12:00:01 listening on 8080\n", "store-1  | ready\n", *ticks]))
    save("java/timestamps", "2026-11-24T12:00:01Z starting till\n" + each(log, "2026-11-24T12:00:02Z "))
    save("java/prose", f"{LETTER[0]}{''.join(log)}{LETTER[1]}")
    save("java/colours", each(log, "\x1b[31m", "\x1b[0m"))
    (FIXTURES / "java/crlf.txt").write_bytes("".join(log).replace("\n", "\r\n").encode())
    save("java/quoted", each(log, "> "))
    save("java/indented", each(log, "    "))
    save("java/wrapped", "".join(line if len(line) <= 70 else f"{line[:70]}\n{line[70:]}" for line in log))
    save("java/cut_begin", "".join(causes[5:]))
    save("java/cut_end", "".join(causes[:8]))
    save("java/cut_middle", "".join([*streams[:5], "\t...\n", *streams[-2:]]))
    save("java/two_failures", "".join([*streams, "$ java com.acme.Shop static\n", *log]))
    save("java/surefire_summary", "".join(load("java/surefire")[45:]))


def main() -> None:
    """Run everything in a neutral folder."""
    shutil.rmtree(WORK, ignore_errors=True)
    for name in ("run", "build", "maven", "gradle", "ant"):
        shutil.copytree(HERE / name, WORK / name)
    shutil.copytree(WORK / "maven/src", WORK / "gradle/src")
    (WORK / "ant/src").mkdir()
    shutil.copy(WORK / "run/Shop.java", WORK / "ant/src")
    for language in ("java", "kotlin"):
        (FIXTURES / language).mkdir(parents=True, exist_ok=True)
    programs()
    kotlin(Path(sys.argv[1]))
    tests()
    builds()
    gradle_and_ant()
    variants()


if __name__ == "__main__":
    main()
