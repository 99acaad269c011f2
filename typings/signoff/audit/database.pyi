from audit.database import *
