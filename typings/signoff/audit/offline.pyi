from audit.offline import *
