from policies.everyday import *
