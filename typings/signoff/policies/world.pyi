from policies.world import *
