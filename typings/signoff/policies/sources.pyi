from policies.sources import *
