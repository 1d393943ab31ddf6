"""The Directory port over LDAP: OpenLDAP and the like, and Active Directory."""
