from audit.store import *
