from app.bench_command import *
