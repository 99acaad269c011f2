from audit.rows import *
