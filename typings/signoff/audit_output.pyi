from app.audit_output import *
