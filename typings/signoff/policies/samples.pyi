from policies.samples import *
