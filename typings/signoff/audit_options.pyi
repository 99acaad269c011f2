from app.audit_options import *
