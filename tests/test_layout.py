"""The shape of the tree: who may import whom, and what a front door holds."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "app": "signoff",
    "planner": "signoff.planner",
    "policies": "signoff.policies",
    "actions": "signoff.actions",
    "audit": "signoff.audit",
}
LEAVES = {  # modules of app/
    *("signoff.actor", "signoff.canonical", "signoff.commitment", "signoff.errors", "signoff.folding", "signoff.lazy"),
}
MAY_IMPORT = {
    "app": {"planner", "policies", "actions", "audit"},
    "planner": {"actions"},
    "policies": {"actions"},
    "actions": set[str](),
    "audit": set[str](),
}
SQLITE = {"sqlite3", "pysqlite3", "_sqlite3"}
HEAVY = {"pydantic", "yaml", "sqlite_utils", "rich", "openai", "instructor"}


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module, and where the import stands."""

    path: Path
    line: int
    level: int  # dots before the name
    module: str  # absolute

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"

    @property
    def folder(self) -> str | None:
        """The folder of ours that holds the module; `leaf` for a leaf; None where it is not ours."""
        if self.module in LEAVES:
            return "leaf"
        for folder, package in reversed(PACKAGES.items()):
            if f"{self.module}.".startswith(f"{package}."):
                return folder
        return None


def test_nothing_imports_a_folder_by_its_bare_name() -> None:
    """No file says `import actions`: under that name a user's own file could be meant."""
    code = [*PACKAGES, "tests", "bench"]
    assert [str(each) for each in _imports(*code) if each.module.partition(".")[0] in PACKAGES] == []


def test_leaves_import_nothing_of_ours() -> None:
    """The leaves, which every folder may import, import none of our modules."""
    leaves = {ROOT / "app" / f"{leaf.rpartition('.')[2]}.py" for leaf in LEAVES}
    assert [str(each) for each in _imports("app") if each.path in leaves and each.folder] == []


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_folder_imports_only_floors_below(folder: str) -> None:
    """Beside itself and the leaves, a folder imports only the folders that it may know."""
    known = {None, "leaf", folder, *MAY_IMPORT[folder]}
    assert [str(each) for each in _imports(folder) if each.folder not in known] == []


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_folder_imports_others_through_their_front_door(folder: str) -> None:
    """What a folder imports from another one it takes from the package, never from a module inside."""
    doors = {*PACKAGES.values(), *LEAVES}
    inside = [each for each in _imports(folder) if each.folder not in {None, folder} and each.module not in doors]
    assert [str(each) for each in inside if not each.level] == []


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_folder_imports_itself_relatively(folder: str) -> None:
    """Inside a folder imports are relative, with one dot: the files of the package are its neighbours on disk."""
    own = {folder, "leaf"} if folder == "app" else {folder}
    assert [str(each) for each in _imports(folder) if each.level != (1 if each.folder in own else 0)] == []


def test_one_module_imports_sqlite() -> None:
    """One module of audit/ imports an SQLite library: a second one would drop its locks by closing the same file."""
    importing = [each for each in _imports(*PACKAGES, "tests", "bench") if each.module.partition(".")[0] in SQLITE]
    assert {each.path.parent for each in importing} == {ROOT / "audit"}, [str(each) for each in importing]
    assert len({each.path for each in importing}) == 1, [str(each) for each in importing]


def test_only_audit_imports_sqlite_utils() -> None:
    """Only audit/ imports sqlite-utils, which imports an SQLite library."""
    others = [folder for folder in [*PACKAGES, "tests", "bench"] if folder != "audit"]
    assert [str(each) for each in _imports(*others) if each.module.partition(".")[0] == "sqlite_utils"] == []


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_front_door_names_the_same_three_times(folder: str) -> None:
    """A front door's `__all__`, what it gives on demand and what it tells a type checker are the same names."""
    tree = ast.parse((ROOT / folder / "__init__.py").read_text())
    on_demand = _on_demand(tree)
    assert _typed(tree, PACKAGES[folder]) == on_demand
    assert sorted(_all(tree)) == sorted(name for names in on_demand.values() for name in names)  # ruff sorts it


@pytest.mark.parametrize("package", PACKAGES.values())
def test_every_name_of_a_front_door_is_there(package: str) -> None:
    """Every name that a front door lists can be had from it, and no other."""
    door = import_module(package)
    missing = [name for name in getattr(door, "__all__", []) if getattr(door, name, None) is None]
    assert missing == []
    assert not hasattr(door, "no_such_name")


def test_front_doors_are_lazy() -> None:
    """Importing all front doors imports none of the libraries that a command which plans nothing must not pay for."""
    code = f"import json, sys, {', '.join(PACKAGES.values())}; print(json.dumps(list(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert HEAVY & set(json.loads(ran.stdout)) == set()


def test_stubs_only_name_folders() -> None:
    """A stub in typings/signoff is one import of the module it stands for, so it can never be out of date."""
    wrong = {}
    for stub in sorted((ROOT / "typings" / "signoff").rglob("*.pyi")):
        inner = [part for part in stub.relative_to(ROOT / "typings" / "signoff").with_suffix("").parts if part != "__init__"]
        module = ".".join(inner if inner[:1] and inner[0] in PACKAGES else ["app", *inner])
        body = [ast.unparse(node) for node in ast.parse(stub.read_text()).body if not isinstance(node, ast.Expr)]
        if body != [f"from {module} import *"] or not _file_of(module):
            wrong[str(stub.relative_to(ROOT))] = body
    assert wrong == {}


def _imports(*folders: str) -> Iterator[Import]:
    """Every import in every Python file of *folders*, at any depth."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                for level, module in _imported(node, _package_of(path)):
                    yield Import(path=path, line=getattr(node, "lineno", 0), level=level, module=module)


def _imported(node: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """The modules that *node* imports in *package*, each with the number of dots it was written with."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield 0, alias.name
        case ast.ImportFrom(module=module, names=names, level=level):
            base = package.split(".")[: len(package.split(".")) - level + 1] if level else []
            source = ".".join([*base, *([module] if module else [])])
            for alias in names:  # `from signoff import audit` imports a module, too
                inner = f"{source}.{alias.name}"
                yield level, inner if inner in {*PACKAGES.values(), *LEAVES} else source


def _package_of(path: Path) -> str:
    """The package that a relative import in *path* starts from."""
    folder, *inner = path.relative_to(ROOT).parent.parts
    return ".".join([PACKAGES.get(folder, folder), *inner])


def _file_of(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def _all(tree: ast.Module) -> list[str]:
    """The literal `__all__`, empty where there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def _on_demand(tree: ast.Module) -> Mapping[str, set[str]]:
    """The names given to `front_door`, by module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "front_door":
            assert isinstance(node.args[1], ast.Dict)
            held = zip(node.args[1].keys, node.args[1].values, strict=True)
            return {module: _strings(names) for key, names in held if key for module in _strings(key)}
    return {}


def _strings(node: ast.AST) -> set[str]:
    """The string literals in *node*."""
    inside = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
    return {value for value in inside if isinstance(value, str)}


def _typed(tree: ast.Module, package: str) -> Mapping[str, set[str]]:
    """The names imported under TYPE_CHECKING, by module."""
    typed: dict[str, set[str]] = {}
    for block in tree.body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for node in block.body:
                assert isinstance(node, ast.ImportFrom)
                module = (node.module or "").removeprefix(f"{package}.")
                typed.setdefault(module, set()).update(alias.asname or alias.name for alias in node.names)
    return typed
