# The commands of this house. `make` alone lists them.
# One build profile (`dev` in Cargo.toml) serves `make run` and `make test`, so that each finds the other's work done.

.DEFAULT_GOAL := help
.PHONY: help run build test unit lint console e2e keycloak fuzz soak storm bench release deb reference pictures setup clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, then start the demo: everything in one process, on loopback only
	@target/debug/gatewright up --demo

build: ## build the one binary, target/debug/gatewright
	@scripts/build.sh

test: ## everything: install what is missing, lints, unit, property, layers and end-to-end tests, with the time of each
	@scripts/test.sh all

unit: ## unit, property and layers tests only
	@scripts/test.sh unit

lint: ## formatting, clippy and rustdoc, warnings as errors
	@scripts/test.sh lint

console: ## the console's formatting, types, committed assets and pages only
	@scripts/test.sh console

e2e: ## end-to-end tests with real clients only (ONLY=bo runs one file)
	@scripts/test.sh e2e

keycloak: ## people of Keycloak sign in to Gatewright, and the other way round; takes minutes, and fetches Keycloak (176 MB) once
	@scripts/test.sh keycloak

soak: build ## kill -9 under load, a hundred times, with 10,000 people signed in (SEED=n repeats a run)
	@node tests/e2e/crash-soak.mjs

fuzz: ## fuzz every parser of outside bytes (TARGET=framing SECONDS=600 for one, for longer)
	@scripts/fuzz.sh "$(or $(TARGET),all)" "$(or $(SECONDS),60)"

bench: ## measure decisions, leases, tokens and the whole proxy beside others; writes bench/RESULTS.md (ONLY=proxies ARGS='--rounds 2' for one)
	@scripts/setup-bench.sh
	@cargo run --release --locked --quiet --package gw-bench -- $(if $(ONLY),--only "$(ONLY)") $(if $(ARGS),-- $(ARGS))

storm: ## ten minutes of every attack at once, while a person works; ends with a fault where something did not hold
	@scripts/release.sh
	@cargo build --release --locked --quiet --package gw-storm
	@target/release/gw-storm --soak 600

release: ## build the binary as it is shipped, optimised by what was counted under load: target/trained/gatewright
	@scripts/release.sh

deb: ## build a Debian package into target/debian
	@scripts/deb.sh

reference: ## write docs/configuration.md anew, from the code
	@WRITE_REFERENCE=1 cargo test --locked --quiet --package gatewright --lib the_page_is_what_the_code_says

pictures: ## take docs/pictures from a running demo
	@scripts/pictures.sh

setup: ## install what the tests need (chromium, node, npm packages) and say so
	@scripts/setup-test.sh

clean: ## remove what was built
	@rm -rf target tests/e2e/node_modules tests/e2e/node-red/node_modules
