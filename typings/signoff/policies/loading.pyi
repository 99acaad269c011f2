from policies.loading import *
