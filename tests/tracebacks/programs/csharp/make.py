"""Makes the logs of C#. Needs Debian's mono-mcs and mono-runtime.

The logs of .NET Core 3.1 come from the runtime in PyPI's dotnetcore2, whose folder `bin` is the first argument. Without
it those logs stay as they are. There is no SDK: logs of builds, of test runners, of ASP.NET and of Unity are kept as
they are.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fixture_writer import Fixtures, Truth, error, fenced, prefixed, wrapped  # noqa: E402

fixtures = Fixtures("csharp", HERE)
FOLDER = "/srv/shop"
CORE = """
F=$(echo {0}/shared/Microsoft.NETCore.App/3.1.*)
mcs -nostdlib -noconfig -r:$F/System.Private.CoreLib.dll -r:$F/System.Runtime.dll -r:$F/System.Console.dll \
-r:$F/System.Collections.dll -out:p.dll {1}.cs
echo '{{"runtimeOptions":{{"framework":{{"name":"Microsoft.NETCore.App","version":"3.1.0"}},"configProperties":\
{{"System.Globalization.Invariant":true}}}}}}' > p.runtimeconfig.json
{0}/dotnet p.dll 2>&1 | cat
"""
TASK = "System.Threading.Tasks.Task"
CONTEXT = "~- System.Threading.ExecutionContext.RunFromThreadPoolDispatchLoop"


def mono(name: str, program: str, about: str, truth: Truth) -> None:
    """What a program prints when Mono runs it."""
    fixtures.run(name, f"mcs -debug -out:p.exe {program}.cs && mono --debug p.exe 2>&1 | cat", about, truth)


def core(name: str, program: str, about: str, truth: Truth) -> None:
    """What a program prints when .NET Core runs it."""
    if len(sys.argv) > 1:
        fixtures.run(name, CORE.format(sys.argv[1], program), about, truth)
    else:
        fixtures.keep(name, None, about, truth)


MONO_NULL = [
    error(
        "System.NullReferenceException",
        "Object reference not set to an instance of an object",
        f"{FOLDER}/Null.cs:30 Shop.Program.Main",
        f"{FOLDER}/Null.cs:20 Shop.Cart`1[T].Letters",
        "~- System.Collections.Generic.List`1[T].ForEach",
        f"{FOLDER}/Null.cs:20 Shop.Cart`1+<Letters>c__AnonStorey0[T].<>m__0",
    )
]
mono("mono_null", "Null", "Mono: a null reference, printed twice", Truth("mono", MONO_NULL))
mono(
    "mono_inner",
    "Shop",
    "Mono: an error inside two others",
    Truth(
        "mono",
        [
            error(
                "System.DivideByZeroException",
                "Attempted to divide by zero.",
                f"~- {TASK}.Execute",
                f"~- {TASK}`1[TResult].InnerInvoke",
                f"{FOLDER}/Shop.cs:18 Shop.Program+<Load>c__AnonStorey0.<>m__0",
            ),
            error(
                "System.AggregateException",
                "One or more errors occurred. (Attempted to divide by zero.)",
                f"{FOLDER}/Shop.cs:18 Shop.Program.Load",
                f"~- {TASK}`1[TResult].get_Result",
                f"~- {TASK}`1[TResult].GetResultCore",
                f"~- {TASK}.ThrowIfExceptional",
            ),
            error(
                "System.InvalidOperationException",
                "can't load the cart",
                f"{FOLDER}/Shop.cs:28 Shop.Program.Main",
                f"{FOLDER}/Shop.cs:22 Shop.Program.Load",
            ),
        ],
    ),
)
GROUP = "two prices are wrong (Input string was not in a correct format.) (no such price\nask the shop)"
mono(
    "mono_group",
    "Several",
    "Mono: a group of two errors, with a message of two lines",
    Truth(
        "mono",
        [
            error(
                "System.FormatException",
                "Input string was not in a correct format.",
                f"{FOLDER}/Several.cs:12 Shop.Program.Caught",
                f"{FOLDER}/Several.cs:23 Shop.Program.First",
                "~- System.Int32.Parse",
                "~- System.Number.ParseInt32",
                "~- System.Number.ThrowOverflowOrFormatException",
            ),
            error(
                "System.ArgumentException",
                "no such price\nask the shop",
                f"{FOLDER}/Several.cs:12 Shop.Program.Caught",
                f"{FOLDER}/Several.cs:28 Shop.Program.Second",
            ),
            error("System.AggregateException", GROUP, f"{FOLDER}/Several.cs:33 Shop.Program.Main"),
        ],
    ),
)
mono(
    "mono_printed",
    "Caught",
    "Mono: an error that the program prints behind a log's marks",
    Truth(
        "mono",
        [
            error(
                "Shop.PriceException",
                "below nothing: -1",
                f"{FOLDER}/Caught.cs:23 Shop.Program.Main",
                f"{FOLDER}/Caught.cs:17 Shop.Program.Check",
            )
        ],
    ),
)
BROKEN = [
    error("CS0103", "The name `totl' does not exist in the current context", "Broken.cs:10"),
    error("CS0029", "Cannot implicitly convert type `int' to `string'", "Broken.cs:15"),
    error(
        "CS1502",
        "The best overloaded method match for `System.Console.WriteLine(string, object)' has some invalid arguments",
        "Broken.cs:20",
    ),
    error("CS1503", "Argument `#1' cannot convert `int' expression to type `string'", "Broken.cs:20"),
]
fixtures.run("mcs", "mcs Broken.cs 2>&1 | cat", "Mono's compiler", Truth("mcs", BROKEN, build=True))

CORE_NULL = [
    error(
        "System.NullReferenceException",
        "Object reference not set to an instance of an object.",
        "- Shop.Program.Main",
        "- Shop.Cart`1.Letters",
        "~- System.Collections.Generic.List`1.ForEach",
        "- Shop.Cart`1.<Letters>c__AnonStorey0.<>m__0",
    )
]
CORE_INNER = [
    error(
        "System.DivideByZeroException",
        "Attempted to divide by zero.",
        f"~- {TASK}.ExecuteWithThreadLocal",
        CONTEXT,
        CONTEXT,
        f"~- {TASK}.<>c.<.cctor>b__274_0",
        f"~- {TASK}`1.InnerInvoke",
        "- Shop.Program.<Load>c__AnonStorey0.<>m__0",
        "- Shop.Program.PerPerson",
    ),
    error(
        "System.AggregateException",
        "One or more errors occurred. (Attempted to divide by zero.)",
        "- Shop.Program.Load",
        f"~- {TASK}`1.get_Result",
        f"~- {TASK}`1.GetResultCore",
    ),
    error("System.InvalidOperationException", "can't load the cart", "- Shop.Program.Main", "- Shop.Program.Load"),
]
core("null", "Null", ".NET: a null reference, without debugging symbols", Truth("dotnet", CORE_NULL))
core("inner", "Shop", ".NET: an error inside two others", Truth("dotnet", CORE_INNER))
core(
    "group",
    "Several",
    ".NET: a group of two errors",
    Truth(
        "dotnet",
        [
            error(
                "System.FormatException",
                "Input string was not in a correct format.",
                "- Shop.Program.Caught",
                "- Shop.Program.First",
                "~- System.Int32.Parse",
                "~- System.Number.ParseInt32",
                "~- System.Number.ThrowOverflowOrFormatException",
            ),
            error(
                "System.ArgumentException",
                "no such price\nask the shop",
                "- Shop.Program.Caught",
                "- Shop.Program.Second",
            ),
            error("System.AggregateException", GROUP, "- Shop.Program.Main"),
        ],
    ),
)
core(
    "printed",
    "Caught",
    ".NET: an error that the program prints",
    Truth(
        "dotnet",
        [error("Shop.PriceException", "below nothing: -1", "- Shop.Program.Main", "- Shop.Program.Check")],
    ),
)

# The same logs as people paste them

fixtures.keep(
    "compose",
    prefixed(fixtures.log("inner"), "shop-api-1  | "),
    "As docker compose shows it",
    Truth("dotnet", CORE_INNER),
)
fixtures.keep(
    "pasted",
    fenced(fixtures.log("null"), "Null reference again, in the cart this time:", "It works on my machine."),
    "In a Markdown fence between two sentences",
    Truth("dotnet", CORE_NULL),
)
fixtures.keep("crlf", fixtures.log("null").replace("\n", "\r\n"), "Windows' line ends", Truth("dotnet", CORE_NULL))
fixtures.keep(
    "beginning_cut",
    "\n".join(fixtures.log("null").split("\n")[3:]),
    "Only the last callers are there",
    Truth(
        "dotnet",
        [
            error(
                "error",
                "",
                *[
                    f"{'~' * (n == 2)}- {f}"
                    for n, f in enumerate(
                        ["Shop.Program.Main", "Shop.Cart`1.Letters", "System.Collections.Generic.List`1.ForEach"]
                    )
                ],
            )
        ],
    ),
)
fixtures.keep("mcs_wrapped", wrapped(fixtures.log("mcs"), 200), "In a wide terminal", Truth("mcs", BROKEN, build=True))

# Logs that are kept as they are

KEPT = {
    "aspnet": (
        "ASP.NET Core: a failed request among other records",
        Truth(
            "dotnet",
            [
                error(
                    "System.NullReferenceException",
                    "Object reference not set to an instance of an object.",
                    "~- Microsoft.AspNetCore.Mvc.Infrastructure.ControllerActionInvoker."
                    "<InvokeNextActionFilterAsync>g__Awaited|10_0",
                    "~- Microsoft.AspNetCore.Mvc.Infrastructure.ActionMethodExecutor.SyncActionResultExecutor.Execute",
                    "~- lambda_method5",
                    "/app/Controllers/CartController.cs:20 Shop.Controllers.CartController.Show",
                )
            ],
        ),
    ),
    "warned": (
        "ASP.NET Core: an error that the program only warns of",
        Truth(
            "dotnet",
            [
                error(
                    "System.TimeoutException",
                    "The rates did not come.",
                    "/app/Cart.cs:31 Shop.Cart.TotalAsync",
                    "/app/Rates.cs:12 Shop.Rates.<TodayAsync>d__3.MoveNext",
                    handled=True,
                )
            ],
        ),
    ),
    "async": (
        ".NET 8: an error in asynchronous methods",
        Truth(
            "dotnet",
            [
                error(
                    "System.Net.Sockets.SocketException",
                    "Connection refused",
                    "~- System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs."
                    "System.Threading.Tasks.Sources.IValueTaskSource.GetResult",
                    "~- System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.ThrowException",
                ),
                error(
                    "System.Net.Http.HttpRequestException",
                    "Connection refused (localhost:5001)",
                    "/app/Program.cs:9 Program.<Main>",
                    "/app/Program.cs:9 Program.<Main>$",
                    "/app/Client.cs:31 Shop.Client.GetAsync",
                    "~- System.Net.Http.HttpConnectionPool.ConnectToTcpHostAsync",
                ),
            ],
        ),
    ),
    "german": (
        "The .NET Framework on a German Windows",
        Truth(
            "dotnet",
            [
                error(
                    "System.DivideByZeroException",
                    "Es wurde versucht, durch 0 (null) zu teilen.",
                    "C:\\shop\\Program.cs:20 Shop.Program.Main",
                    "C:\\shop\\Program.cs:12 Shop.Program.PerPerson",
                )
            ],
        ),
    ),
    "overflow": (
        ".NET 8: endless recursion",
        Truth("stack overflow", [error("Stack overflow", "", "- Shop.Program.Main", "- Shop.Program.Depth")]),
    ),
    "unity": (
        "Unity's console",
        Truth(
            "unity",
            [
                error(
                    "NullReferenceException",
                    "Object reference not set to an instance of an object",
                    "Assets/Scripts/Cart.cs:20 Cart.Update",
                    "Assets/Scripts/Cart.cs:12 Cart.Total",
                )
            ],
        ),
    ),
    "msbuild": (
        "dotnet build: errors of NuGet and the compiler, listed twice",
        Truth(
            "msbuild",
            [
                error("CS0103", "The name 'totl' does not exist in the current context", "/srv/shop/Shop.cs:12"),
                error("CS0029", "Cannot implicitly convert type 'int' to 'string'", "/srv/shop/Controllers/Cart.cs:7"),
            ],
            build=True,
        ),
    ),
    "restore": (
        "dotnet restore: a package that isn't there",
        Truth(
            "msbuild",
            [
                error(
                    "NU1101",
                    "Unable to find package Tea.Prices. No packages exist with this id in source(s): company",
                    "/srv/shop/shop.csproj",
                )
            ],
            build=True,
        ),
    ),
    "no_project": (
        "MSBuild in a folder without a project",
        Truth(
            "msbuild",
            [
                error(
                    "MSB1003",
                    "Specify a project or solution file. The current working directory does not contain a project or "
                    "solution file.",
                )
            ],
            build=True,
        ),
    ),
    "xunit": (
        "dotnet test with xUnit, which reports each failure twice",
        Truth(
            "dotnet test",
            [
                error(
                    "Failed",
                    "Assert.Equal() Failure: Values differ\nExpected: 3\nActual:   4",
                    "~- System.RuntimeMethodHandle.InvokeMethod",
                    "/srv/shop/ShopTests.cs:12 ShopTests.Total",
                ),
                error(
                    "System.DivideByZeroException",
                    "Attempted to divide by zero.",
                    "/srv/shop/ShopTests.cs:20 ShopTests.Nobody",
                    "/srv/shop/Shop.cs:3 Shop.PerPerson",
                ),
            ],
        ),
    ),
    "mstest": (
        "dotnet test with MSTest: an error inside another one",
        Truth(
            "dotnet test",
            [
                error(
                    "System.DivideByZeroException",
                    "Attempted to divide by zero.",
                    "/srv/shop/Shop.cs:3 Shop.PerPerson",
                ),
                error(
                    "System.InvalidOperationException",
                    "nobody to pay",
                    "/srv/shop/ShopTests.cs:20 ShopTests.Split",
                    "/srv/shop/Shop.cs:9 Shop.Split",
                ),
            ],
        ),
    ),
    "nunit": (
        "NUnit's console",
        Truth(
            "nunit",
            [
                error("Failed", "Expected: 3\nBut was:  4", "/srv/shop/ShopTests.cs:12 ShopTests.Total"),
                error(
                    "System.DivideByZeroException",
                    "Attempted to divide by zero.",
                    "/srv/shop/ShopTests.cs:20 ShopTests.Nobody",
                    "/srv/shop/Shop.cs:3 Shop.PerPerson",
                ),
            ],
        ),
    ),
}
for kept, (sentence, truth_of_it) in KEPT.items():
    fixtures.keep(kept, None, sentence, truth_of_it)
