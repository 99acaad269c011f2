from policies.diagnostics import *
