from policies.document import *
