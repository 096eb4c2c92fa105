"""What tests of behaviour do not see of the C code: how it is built, and what it leaves behind."""
