"""The module engine: generic, knows no business word. Modules are declared in desktop/modules."""
