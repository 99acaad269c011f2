from audit.kept import *
