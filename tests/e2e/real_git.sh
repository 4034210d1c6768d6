#!/usr/bin/env bash
# git: a repository made inside the root is, object by object, the one that a native git makes; clones over file://.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang
git_env='export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x GIT_AUTHOR_DATE="1700000000 +0000"
export GIT_COMMITTER_DATE="1700000000 +0000" GIT_CONFIG_NOSYSTEM=1; git config --global init.defaultBranch main; git config --global protocol.file.allow always
'
twin "init, add, commit, branch, merge, log" "$git_env"'git init -q r; cd r; mkdir -p a/b; for i in $(seq 60); do seq $i >a/b/$i; done; git add .; git commit -qm one; git checkout -qb side; echo side >s; git add s; git commit -qm side; git checkout -q main; seq 99 >a/b/1; git commit -qam two; git merge -q --no-edit side
git log --oneline --graph; git ls-tree -r HEAD | md5sum; git status --short | wc -l; git diff HEAD~1 --stat; git show --stat | tail -2; git rev-parse HEAD; git tag -a v1 -m v1; git describe; git blame a/b/1 | head -1; git grep -c 42 | wc -l; git archive HEAD | tar t | wc -l; git stash list | wc -l; git rebase -q HEAD~1 side 2>/dev/null; git log -1 --format=%s' 120
twin "clone over file://, fetch, push" "$git_env"'git clone -q --bare r bare.git 2>&1; git clone -q file://$PWD/bare.git c; cd c; git log --oneline | wc -l; git fsck --full 2>&1; echo new >n; git add n; git commit -qm new; git push -q origin HEAD:refs/heads/new; git -C ../bare.git rev-parse new; git clone -q --depth 1 file://$PWD/../bare.git ../shallow; git -C ../shallow rev-list --count HEAD; git gc -q; git count-objects -v | grep -E "packs|in-pack"; git fetch -q origin; git branch -r | sort; git worktree add -q ../w HEAD; ls ../w; git submodule status; git bundle create -q ../b.bundle main; git bundle verify -q ../b.bundle; echo $?' 120
twin "hooks, filters, a merge conflict" "$git_env"'cd r; git checkout -q main; printf "#!/bin/sh\necho hook ran\n" >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo h >h; git add h; git commit -qm h 2>&1; git checkout -qb x HEAD~1; echo other >h; git add h; git commit -qm x 2>&1; git merge main 2>&1; cat h; git merge --abort; git cherry-pick main 2>&1 | head -3; git reset -q --hard; git bisect start -q; echo $?'
is "$(git --git-dir="$GUEST_ROOT$WORK/bare.git" fsck --full 2>&1 | grep -c error)" 0 "the machine's git finds no error in it"
done_testing
