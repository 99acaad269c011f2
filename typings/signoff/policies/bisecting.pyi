from policies.bisecting import *
