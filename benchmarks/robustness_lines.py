"""Command lines that cannot be meant, and a few that can."""

from robustness_options import TAKEN

FORMULAS = (
    *("", " ", "(", "x +", "x[0", "x]", "x = 3", "x; x", "import os", "print(x)", "sum"),
    *("sum()", "__import__('os').system('touch hacked')", "x.__class__"),
    *("().__class__.__bases__[0]", "open('hacked', 'w')", "eval('x')", "exec('1')"),
    *("getattr(x, 'T')", "lambda: x", "f'{x}'", "[v for v in x]", "{v for v in x}"),
    *("x if x else x", "x and x", "not x", "x ^ 2", "y := x", "jnp.load('f')"),
    *("jnp.save('hacked', x)", "jnp.__dict__", "jax.devices()", "np.os.system(x)", "x['a']"),
    *("x[99]", "x[0.5]", "x[0, 0]", "x[x]", "*x", "**x", "yield x", "await x", "...", "None"),
    *("'a' * 10", "b'a'", "9**9**9", "x**1j", "1j", "{}", "{'a': x}", "[]", "()", "x @ x[:2]"),
    *("sum(x, axis=5)", "sum(x, out=x)", "sum(x)(x)", "reshape(x, (2, 2))", "zeros(-1)"),
    *("x.f()", "zeros((1, 'a'))", "einsum('i,j', x)", "where(x)"),
    *("concatenate([])", "x.T.shape", "x.at[0].set(1)", "x.tolist()", "sum(x\x00)", "é̶"),
    *("x ** y ** z", "sum(x) @ x", "x < < x", "sum(x, 'a')", "sum(x=x)", "dot(x)"),
    *("dot(x, x, x, x)", "a.b.c", "x.real.imag.q", "jnp", "x\\", "0x", "1_", "01", "1e", "@"),
    *("x @", "= x", "# x", "x # y", "`x`", "x?", "x!", "$x", "%s", "x<>x"),
    *("+".join(["x"] * 3000), "x" * 20_000, "-" * 300 + "x"),
)
"""Formulas of neither a value nor a gradient by x."""

SHAPES = (
    *("x", "=3", "x=0", "x=-1", "x=a", "x=1.5", "x=1e12", "1x=3", "x=3;4", "x=3,a", "x=3,-1"),
    *("x=nan", "x=0x3", "x=3 4", "x==3", "x=²", "x=3.", "=", "", "x=(3", "x=[3]", "x y=3"),
    *("q=3", "x=1,0"),
    "x=" + ",".join("1" * 70),
)

AT = (
    *("x=", "x=a", "x=1,,2", "x=nan", "x=inf", "x=1e400", "x=1,nan", "=1", "q=1", "x=1;2"),
    *("x=[1]", "x=none.npy", "none.npz", "none.npy", "none.json", "none", "", ".npy", "x=1j"),
    *("x=0x1", "model.py:none", "none.py:POINT", "model.py:point_fails"),
    *("model.py:point_exits", "model.py:", "model.py:np", "x=--1", "x=1 2"),
)

CHECK = (
    *("--points 0", "--points -1", "--points x", "--points 1.5", "--points ''", "--seed -1"),
    *("--seed x", "--seed 1.5", "--scale 0", "--scale -1", "--scale nan", "--scale inf"),
    *("--scale x", "--accuracy 0", "--accuracy -1", "--accuracy nan", "--accuracy x"),
    *("--accuracy 1", "--sign 2", "--sign x", "--wrt x", "--intent x", "--dtype x"),
    *("--dtype int32", "--dtype ''", "--dtype object", "--parameter q", "--parameter ''"),
    *("--parameter x --parameter x", "--domain q", "--domain x=q", "--domain x="),
    *("--domain q=positive", "--domain =positive", "--domain negative"),
    *("--domain x=unit --domain x=real", "--other :none", "--other q", "--json ."),
    *("--json none/x", "--html .", "--html none/x", "--junit .", "--sarif none/x", "--unknown"),
    *("--json ''", "--locate --timing", "--locate --selftest --html x", "--value 'sum(x)'"),
    *("--gradient 'x'", "--pair", "extra", "--at x=1 --at x=2", "--shape x=2 --shape x=3"),
    "--at x=1 --shape x=2",
)

RUN = (
    *("rigde", "''", "none.py", "model.py", "model.py:loss", "model.py:none", "none.module"),
    *(":x", ".", "ridge --size 0", "ridge --size -1", "ridge --size x", "ridge --size 1.5"),
    *("ridge ridge:x", "ridge --quantity q", "ridge --quantity ''"),
    *("ridge --quantity jacobian", "ridge --method q", "ridge --step 1"),
    *("ridge --method central --step 0", "ridge --method central --step nan"),
    *("ridge --method reverse --step 1", "ridge --dtype q", "ridge --device q"),
    *("ridge --device cpu:9", "ridge --seed -1", "ridge --seed x", "ridge --points 0"),
    *("ridge --repeats 0", "ridge --jobs 0", "ridge --jobs x", "ridge --resume"),
    *("ridge --format q", "ridge --json .", "ridge --html none/x"),
    *("ridge --json none/x --resume", "ridge --unknown", "os", "os:path", "this.that:it"),
    "ridge.py",
)

OTHERS = (
    *("", "q", "--q", "check", "show", "show none.json", "show .", "show model.py", "diff"),
    *("diff a", "diff none.jsonl none.jsonl", "diff model.py model.py", "diff . ."),
    *("explain GC999", "explain q", "explain ''", "init", "init model.txt", "init model.py"),
    *("init none/x.py", "init .", "init ''", "list --format q", "list --pages model.py"),
    *("list q", "cite q", "scan", "scan none", "scan ''", "scan os:none", "scan model.py"),
    *("scan model:none", "scan .", "scan jax.numpy:none", "scan 1", "scan model --seed -1"),
    *("scan model --jobs 0", "scan model --baseline none", "scan model --json .", "bench q"),
    *("bench ridge --method q", "bench ridge --size 0", "bench ridge --size x --out o"),
    *("bench ridge --largest 0 --out o", "bench ridge --dtype q --out o"),
    *("bench ridge --device q --out o", "bench ridge --seconds -1 --out o"),
    *("bench ridge --seconds nan --out o", "bench ridge --out ."),
    *("bench ridge --memory 0 --out o", "bench ridge --memory nan --out o"),
    *("bench ridge --seed -1 --out o", "bench ridge --csv . --out o", "bench model.py --out o"),
    *("bench ridge --out none/x", "descend", "descend q", "descend ridge --size 0"),
    *("descend ridge --iterations 0", "descend none.py", "descend model.py:loss"),
    *("descend model.py:none --at x=1", "descend ridge --seed -1", "descend ridge --json ."),
    *("descend model.py:loss --at x=nan", "descend model.py:loss :none --at x=1"),
    *("descend ridge --at x=1", "descend model.py:NUMBER --at x=1"),
    *("diff model.py none --tolerance -1", "diff model.py model.py --tolerance nan"),
    *("check model.py", "check model.py:loss", "check model.py:none --at x=1"),
    *("check model.py:NUMBER --at x=1", "check none.py:f --at x=1"),
    *("check model.py:loss :none --at x=1", "check model.py:loss :NUMBER --at x=1"),
    *("check model.py:with_data --at x=1", "check model.py:no_arguments"),
    *("check none:f --at x=1", "check model.py:loss :gradient --at model.py:INTEGERS extra"),
    *("check model.py:np --at x=1", "check .:loss --at x=1", "check :loss --at x=1"),
    *("check model.py: --at x=1", "check ''"),
)


CONTROLS = (
    ("check model.py:loss :gradient --at model.py:POINT", TAKEN),
    ("check model.py:loss :wrong --at model.py:POINT", ("accuse",)),
    ("check model.py:loss --at x=1,2", TAKEN),
    ("check --value 'sum(x**3)' --gradient '3*x**2' --shape x=3", TAKEN),
    ("check --value 'sum(x**3)' --gradient '2*x**2' --shape x=3", ("accuse",)),
    ("check model.py:loss :gradient --at model.py:POINT --locate", TAKEN),
    ("check model.py:loss :wrong --at model.py:POINT --locate", ("accuse",)),
    ("check model.py:loss :wrong --at model.py:POINT --json r.json --html h.html", ("accuse",)),
    ("check model.py:with_data --at x=1,2 --at y=3,4", TAKEN),
    ("descend model.py:loss :gradient --at x=1,2", ("agree", "accuse")),
    ("run ridge --no-timing --jobs 1 --json r.json", TAKEN),
    ("list", TAKEN),
    ("explain GC302", TAKEN),
    ("cite", TAKEN),
    ("init new.py", TAKEN),
)
"""What is right, and what a wrong gradient must be told by."""
