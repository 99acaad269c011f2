from policies.syntax import *
