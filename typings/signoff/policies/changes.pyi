from policies.changes import *
