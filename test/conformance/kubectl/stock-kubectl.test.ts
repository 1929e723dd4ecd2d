import { describeBuild } from './describe-build.ts';

describeBuild('a stock kubectl', process.env['TROUPE_TEST_STOCK_KUBECTL'] ?? 'kubectl');
