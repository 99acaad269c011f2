# xllamacpp has no types of its own: the few lines of its interface that are used.
class CommonParamsModel:
    path: str

class CpuParams:
    n_threads: int

class CommonParams:
    model: CommonParamsModel
    cpuparams: CpuParams
    cpuparams_batch: CpuParams
    n_ctx: int
    n_predict: int
    n_parallel: int
    hostnames: list[str]
    port: int
    reuse_port: bool
    api_keys: list[str]
    offline: bool
    ui: bool
    endpoint_slots: bool
    cache_ram_mib: int
    verbosity: int

class Server:
    def __init__(self, params: CommonParams) -> None: ...
    @property
    def listening_address(self) -> str: ...
