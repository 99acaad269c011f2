from audit.rotating import *
