from policies.routes import *
