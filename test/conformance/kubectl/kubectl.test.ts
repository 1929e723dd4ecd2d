import { describeBuild } from './describe-build.ts';

describeBuild('the kubectl on the PATH', 'kubectl');
