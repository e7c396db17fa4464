import { describeSingleFaults } from './single-faults.ts';

describeSingleFaults('whole');
