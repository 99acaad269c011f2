from policies.schema import *
