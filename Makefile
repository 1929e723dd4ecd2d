# Every target only starts a program; the work is in dev/ and bin/.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
MAKEFLAGS += --no-print-directory
DEPS := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help demo test verify bench image server-image package generate up down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEPS) ## a Team does a Task on a small repository, before your eyes
	@node dev/demo.ts

test: $(DEPS) ## every check and every test (last line: N passed, N failed)
	@node dev/test.ts $(ARGS)

verify: $(DEPS) ## the fast part of test: checks and unit tests
	@node dev/test.ts --fast

bench: $(DEPS) ## measure the API, the start of a Task and memory
	@node dev/bench.ts

image: $(DEPS) ## build the image of the sandboxes
	@node dev/image.ts

server-image: $(DEPS) ## build the image of the server (troupe:VERSION)
	@node dev/server-image.ts

package: $(DEPS) ## make the npm package (a tarball in .cache/release)
	@node release/package.ts --pack

generate: $(DEPS) ## write the generated files anew
	@node dev/generate.ts

up: $(DEPS) ## start a local server (data in .cache/server)
	@node dev/local-server.ts up

down: $(DEPS) ## stop the local server
	@node dev/local-server.ts down

clean: ## remove node_modules and all that was built, local data too
	@if [ -e node_modules/.package-lock.json ]; then node dev/local-server.ts down; fi
	@rm -rf node_modules coverage .cache

# The lock file npm writes last: newer than ours means that node_modules is complete and current.
# Not `npm ci`: it refuses a lock file made where the registry serves no packages for other platforms
# ("Missing: @swc/core-darwin-arm64@ from lock file"). What is locked is installed as locked either way.
$(DEPS): package-lock.json
	@npm install --no-save --ignore-scripts --loglevel=error
	@touch $(DEPS)
