from policies.columns import *
