from policies.reader import *
