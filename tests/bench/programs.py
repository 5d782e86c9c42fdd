"""The programs that are measured: how each is found, started for a row, and named."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import io_rows
from rows import PLAIN

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build" / "release"
PROGRAMS = ("limit", "neap", "asyncio", "uvloop", "node", "luv-jit", "luv-5.4")
OTHERS = ("asyncio", "uvloop", "node")  # those that neap wants to be ahead of
TITLES = {"limit": "C limit", "luv-jit": "luv (LuaJIT)", "luv-5.4": "luv (Lua 5.4)"}
ALIASES = {"c": ("limit",), "luv": ("luv-jit", "luv-5.4")}


def title(program):
    return TITLES.get(program, program)


def succeeds(command):
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


def pythons():
    """Every python3 on the PATH that has asyncio.timeout, this one first."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = [shutil.which("python3", path=folder) for folder in folders]
    current = "import sys; sys.exit(sys.version_info < (3, 11))"
    unique = dict.fromkeys([sys.executable, *filter(None, found)])
    return [path for path in unique if succeeds([path, "-c", current])]


def stock_lua(modules=""):
    """The interpreter of Lua 5.4, whatever it is called here, that has the modules."""
    check = f'{modules} os.exit(_VERSION == "Lua 5.4")'
    for name in ("lua5.4", "lua-5.4", "lua54", "lua"):
        path = shutil.which(name)
        if path and succeeds([path, "-e", check]):
            return path
    return None


def find_programs(args):
    """What runs a row in each program, as a command that lacks only ROW and N."""
    peers = HERE / "peers"
    candidates = pythons()
    with_uvloop = next((p for p in candidates if succeeds([p, "-c", "import uvloop"])), None)
    python = with_uvloop or next(iter(candidates), None)
    node = shutil.which("node")
    luajit = shutil.which("luajit")
    luv_jit = luajit and succeeds([luajit, "-e", "require 'luv'"]) and luajit
    luv_54 = stock_lua("require 'luv'")
    return {
        "limit": args.limit.exists() and [str(args.limit), str(HERE / "limit" / "limit.lua")],
        "neap": args.neap.exists() and [str(args.neap), str(peers / "neap.lua")],
        "asyncio": python and [python, str(peers / "asyncio_rows.py")],
        "uvloop": with_uvloop and [with_uvloop, str(peers / "asyncio_rows.py"), "--uvloop"],
        "node": node and [node, str(peers / "node.mjs")],
        "luv-jit": luv_jit and [luv_jit, str(peers / "luv_rows.lua")],
        "luv-5.4": luv_54 and [luv_54, str(peers / "luv_rows.lua")],
    }


def parse_peers(text):
    """The programs that a list of names like "asyncio,luv,c" asks for, neap among them."""
    wanted, unknown = {"neap"}, []
    for name in filter(None, text.split(",")):
        wanted.update(ALIASES.get(name, (name,)))
        if name not in ALIASES and name not in PROGRAMS:
            unknown.append(name)
    if unknown:
        names = ", ".join(sorted({*PROGRAMS, *ALIASES}))
        raise ValueError(f"no such peer: {', '.join(unknown)} (peers: {names})")
    return [name for name in PROGRAMS if name in wanted]


def choose_programs(args):
    programs = find_programs(args)
    wanted = parse_peers(args.peers)
    missing = [title(name) for name in wanted if not programs[name]]
    if missing:
        print(f"not found, so skipped: {', '.join(missing)}", file=sys.stderr)
    return {name: programs[name] for name in wanted if programs[name]}


def command_of(program, command, row):
    """The command that runs this row, where `command` runs most of them; None where nothing does."""
    if row in io_rows.ROWS:
        return io_rows.command_of(program, command, row)
    if row in PLAIN and program in ("limit", "neap", "luv-jit", "luv-5.4"):
        interpreter = stock_lua() if program == "limit" else command[0]
        return interpreter and [interpreter, str(HERE / "peers" / "plain.lua")]
    return command


# ---- versions --------------------------------------------------------------------------------


def output_of(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return (done.stdout or done.stderr).strip().split("\n")[0]


def version_of(program, command):
    interpreter = command[0]
    if program == "limit":
        return "in C, on the Lua and libuv of neap"
    if program == "neap":
        return output_of([interpreter, "--version"])
    if program == "asyncio":
        return output_of([interpreter, "--version"])
    if program == "uvloop":
        return output_of([interpreter, "-c", "import uvloop; print('uvloop', uvloop.__version__)"])
    if program == "node":
        return "Node " + output_of([interpreter, "--version"])
    libuv = output_of([interpreter, "-e", "print(require('luv').version_string())"])
    return re.sub(r" +(--|Copyright).*", "", output_of([interpreter, "-v"])) + f", libuv {libuv}"


def versions(programs):
    found = {}
    for name, command in programs.items():
        try:
            found[name] = version_of(name, command)
        except (OSError, subprocess.SubprocessError):
            found[name] = "?"
    return found
