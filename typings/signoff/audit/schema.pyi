from audit.schema import *
