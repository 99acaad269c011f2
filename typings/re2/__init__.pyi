class error(Exception): ...

class Options:
    max_mem: int
    log_errors: bool
    never_capture: bool
    case_sensitive: bool
    dot_nl: bool

class Pattern:
    @property
    def programsize(self) -> int: ...
    def fullmatch(self, text: str) -> object | None: ...

def compile(pattern: str, options: Options | None = None) -> Pattern: ...
