from audit.told import *
