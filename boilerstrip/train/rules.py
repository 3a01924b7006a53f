"""`python -m boilerstrip.train.rules`: compile the TOML rule packs, so that importing the library need not parse them."""

from boilerstrip.detect.rules import builtin_files, builtin_rules, compile_builtin

if __name__ == "__main__":
    target = compile_builtin()
    print(f"{len(builtin_rules())} rules of {len(builtin_files())} packs -> {target.name}")
